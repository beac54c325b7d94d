// The JSON blocks of the page. Columns of samples are read at once, texts when somebody looks at them.

const block = (id) => JSON.parse(find(id).textContent);
const report = block("report");
for (const task of report.tasks) task.id = visible(task.id); // it goes into addresses
const columns = block("rows");
const size = columns.id.length;
const isCompared = report.runs.length > 1;
const sources = Object.keys(columns.runs[0].confidence);

/** A block of texts, the last few kept: 100,000 responses are not held twice. */
const kept = new Map();
const KEPT = 12;

function textsOf(row) {
  const number = Math.floor(row / report.chunk);
  const texts = kept.get(number) ?? block(`texts-${number}`);
  kept.delete(number);
  kept.set(number, texts);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  return texts[row % report.chunk];
}

const valueOf = (column, row) => (column.codes[row] < 0 ? null : column.values[column.codes[row]]);
const taskOf = (row) => report.tasks[columns.task[row]];
const groupName = (task) => report.groups?.[task.group] ?? task.group ?? "other tasks";

/** A prompt: its text, or its place among those that many samples have in common. */
const promptOf = (prompt) => (typeof prompt === "number" ? report.prompts[prompt] : prompt);

/** "TASK/ID/REPEAT", each part fit for an address: what names a sample for good. */
const addressOf = (row) =>
  [taskOf(row).id, columns.id[row], columns.repeat[row]].map((part) => encodeURIComponent(visible(part))).join("/");

let byAddress = null;
function rowAt(address) {
  byAddress ??= new Map(Array.from({ length: size }, (_, row) => [addressOf(row), row]));
  return byAddress.get(address) ?? null;
}

let byId = null;
/** The rows of the same sample: other repeats of it, itself among them. */
function repeatsOf(row) {
  const key = (each) => `${columns.task[each]}\n${columns.id[each]}`;
  if (!byId) {
    byId = new Map();
    for (let each = 0; each < size; each += 1) {
      const name = key(each);
      if (byId.has(name)) byId.get(name).push(each);
      else byId.set(name, [each]);
    }
  }
  return byId.get(key(row));
}

// What became of a row between two runs. Only rows that both answered and judged can flip.
const FLIPS = ["right → wrong", "wrong → right", "both wrong, differently", "both wrong, alike", "both right", "not comparable"];
const flips = isCompared ? Array.from({ length: size }, (_, row) => flipOf(row)) : [];

function flipOf(row) {
  const [before, after] = columns.runs.map((run) => valueOf(run.verdict, row));
  const judged = [before, after].every((each) => each !== null && each !== "not judged");
  if (columns.runs[1].missing?.[row] || !judged) return 5;
  if (before === "right") return after === "right" ? 4 : 0;
  if (after === "right") return 1;
  return valueOf(columns.runs[0].answer, row) === valueOf(columns.runs[1].answer, row) ? 3 : 2;
}
