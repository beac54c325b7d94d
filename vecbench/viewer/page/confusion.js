// Which answer was given for which target: rows are targets, columns answers.

/** target → answer → rows, of those that a test lets through; the places are those of `labels`. */
function confusionOf(entry, run, test) {
  const tasks = new Set(entry.tasks);
  const place = new Map(entry.labels.map((label, at) => [label, at]));
  const { answer } = columns.runs[run];
  const counts = new Map();
  for (let row = 0; row < size; row += 1) {
    if (!tasks.has(columns.task[row]) || !test(row)) continue;
    const cell = [place.get(valueOf(columns.target, row)), place.get(valueOf(answer, row))];
    if (!cell.includes(undefined)) counts.set(cell.join(), (counts.get(cell.join()) ?? 0) + 1);
  }
  return [...counts].map(([cell, n]) => [...cell.split(",").map(Number), n]);
}

function confusionTable(entry, run) {
  const isWhole = Object.keys(state.filters).every((key) => key === "task" || key === "q");
  const counts = isWhole ? entry.counts : confusionOf(entry, run, testOf(state.filters, run, state.source));
  const of = new Map(counts.map(([target, answer, n]) => [`${target},${answer}`, n]));
  const sums = entry.labels.map((_, target) => counts.reduce((sum, cell) => sum + (cell[0] === target ? cell[2] : 0), 0));
  const task = entry.tasks.map((each) => report.tasks[each].id);
  const word = (label) => (label === null ? make("i", {}, "not read") : shown(label));
  const key = (label) => (label === null ? NONE : visible(label));
  const cell = (target, answer) => {
    const n = of.get(`${target},${answer}`) ?? 0;
    if (!n) return make("td", { class: "zero" }, "·");
    const [asked, given] = [entry.labels[target], entry.labels[answer]];
    const share = n / sums[target];
    const made = make("td", { class: target === answer ? "hit" : "miss" }, make("a", {
      href: samplesWith({ task, target: [key(asked)], answer: [key(given)] }, { run }),
      "aria-label": `target ${visible(asked)}, answer ${given === null ? "not read" : visible(given)}: ${n}, ${percent(share)} of the target`,
      title: `${percent(share)} of ${visible(asked)}`,
    }, n.toLocaleString("en")));
    made.style.setProperty("--share", `${Math.round(8 + 47 * share)}%`);
    return made;
  };
  const rows = entry.labels.map((label, target) => [label, target]).filter(([label, target]) => label !== null || sums[target])
    .map(([label, target]) => make("tr", {}, make("th", { scope: "row" }, word(label)), entry.labels.map((_, answer) => cell(target, answer)),
      make("td", { class: "sum" }, sums[target].toLocaleString("en"))));
  const heads = [make("th", { scope: "col", class: "corner" }, "target ↓ answer →"), ...entry.labels.map((label) => make("th", { scope: "col" }, make("span", {}, word(label)))), make("th", { scope: "col" }, make("span", {}, "all"))];
  return table(`Confusion of ${visible(entry.name)}: target by row, answer by column`, heads, rows, "confusion");
}

function confusions(run) {
  const chosen = state.filters.task;
  const entries = (report.runs[run].overview.confusion ?? []).filter((entry) => !chosen || entry.tasks.some((place) => chosen.includes(report.tasks[place].id)));
  if (!entries.length) return null;
  return make("section", { "aria-labelledby": "confusion" }, make("h2", { id: "confusion" }, "Which label it gave for which"),
    make("p", { class: "quiet" }, "Counts of samples; darker is a larger share of the target. On the framed diagonal the answer is the target. A click shows the samples."),
    entries.map((entry, place) => make("details", { open: place === 0 }, make("summary", {}, shown(entry.name)), confusionTable(entry, run))));
}
