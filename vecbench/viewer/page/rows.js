// Which samples are shown, and in which order.

const verdictRank = { wrong: 0, unread: 0, "partly right": 0, "not judged": 1, right: 2 };

/** Columns by which rows are filtered: filter → its values and, for a row, the place of its value (-1: none). */
function columnOf(key, run) {
  const of = columns.runs[run];
  if (key === "task") return { values: report.tasks.map((task) => task.id), codes: columns.task };
  if (key === "flip") return { values: FLIPS, codes: flips };
  return key === "target" ? columns.target : of[key];
}

const subsetsOf = () => Object.entries(columns.attributes).flatMap(([name, column]) =>
  column.values.map((value, code) => ({ key: `${name}: ${visible(value)}`, column, code })));

/** A test of rows; texts are searched elsewhere. */
function testOf(filters, run, source) {
  const tests = [];
  for (const key of LISTED) {
    if (!filters[key] || (key === "flip" && !isCompared)) continue;
    const wanted = new Set(filters[key]);
    if (key === "subset") {
      const chosen = subsetsOf().filter((each) => wanted.has(each.key));
      tests.push((row) => chosen.some(({ column, code }) => column.codes[row] === code));
      continue;
    }
    const { values, codes } = columnOf(key, run);
    const allowed = [wanted.has(NONE), ...values.map((value) => wanted.has(visible(value)))];
    tests.push((row) => allowed[codes[row] + 1]);
  }
  const confidence = columns.runs[run].confidence[source];
  const range = filters.confidence;
  if (range === NONE) tests.push((row) => confidence?.[row] == null);
  // As bins are: the upper end is left out, but for 1.
  else if (range) tests.push((row) => {
    const value = confidence?.[row] ?? -1;
    return value >= range[0] && (value < range[1] || (range[1] >= 1 && value <= 1));
  });
  if (run) tests.push((row) => !columns.runs[1].missing?.[row]);
  return (row) => tests.every((test) => test(row));
}

const sorted = new Map();

/** All rows in an order: sorted once, and then filtered. */
function orderOf(order, run, source) {
  const name = `${order} ${run} ${source}`;
  if (sorted.has(name)) return sorted.get(name);
  const { right, verdict, length } = columns.runs[run];
  const confidence = columns.runs[run].confidence[source] ?? [];
  const none = Infinity;
  const known = (value) => value !== null && value !== undefined;
  const rank = (row) => verdictRank[valueOf(verdict, row)] ?? 1;
  const sure = (row) => (known(confidence[row]) ? -confidence[row] : none);
  const unsure = (row) => confidence[row] ?? none;
  const keys = {
    bold: (row) => [rank(row), rank(row) === 0 ? sure(row) : unsure(row)],
    unsure: (row) => [-rank(row), rank(row) === 2 ? unsure(row) : sure(row)],
    brier: (row) => [0, known(right[row]) && known(confidence[row]) ? -((confidence[row] - right[row]) ** 2) : none],
    confidence: (row) => [0, sure(row)],
    length: (row) => [0, -(length[row] ?? -1)],
    id: (row) => [columns.task[row], 0],
  };
  const first = new Float64Array(size);
  const second = new Float64Array(size);
  for (let row = 0; row < size; row += 1) [first[row], second[row]] = keys[order](row);
  const collator = new Intl.Collator("en", { numeric: true });
  const tie = order === "id" ? (a, b) => collator.compare(columns.id[a], columns.id[b]) || a - b : (a, b) => a - b;
  // Infinity - Infinity is no number, so the two ends are compared rather than subtracted.
  const result = Int32Array.from({ length: size }, (_, row) => row).sort((a, b) =>
    first[a] - first[b] || (second[a] < second[b] ? -1 : second[a] > second[b] ? 1 : tie(a, b)));
  sorted.set(name, result);
  return result;
}

/** The rows of a state, in its order: those that a search has found so far, where there is one. */
function rowsOf({ filters, run, source, order }, found = null) {
  const test = testOf(filters, run, source);
  return orderOf(order, run, source).filter((row) => test(row) && (!found || found[row]));
}

// A search goes through the texts block by block and lets the page breathe in between.
const search = { text: null, found: null, done: 0, timer: 0 };
const SLICE = 12; // milliseconds at a time

const blocks = () => Math.ceil(size / report.chunk);
const isSearching = () => search.text !== null && search.done < blocks();

/** Starts to look for a text; `tell` is called as rows are found. */
function seek(text, tell) {
  if (text === search.text) return;
  clearTimeout(search.timer);
  Object.assign(search, { text, found: text === null ? null : new Uint8Array(size), done: 0 });
  if (text === null) return;
  const wanted = text.toLowerCase();
  const holds = (each) => typeof each === "string" && each.toLowerCase().includes(wanted);
  const step = () => {
    const start = performance.now();
    while (isSearching() && performance.now() - start < SLICE) {
      const from = search.done * report.chunk;
      block(`texts-${search.done}`).forEach((texts, place) => {
        const { prompt, system, runs } = texts;
        const parts = [columns.id[from + place], promptOf(prompt), system, ...runs.flatMap((run) => [run?.response, run?.reasoning])];
        if (parts.some(holds)) search.found[from + place] = 1;
      });
      search.done += 1;
    }
    if (isSearching()) search.timer = setTimeout(step);
    tell();
  };
  step();
}
