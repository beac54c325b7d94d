"use strict";
const table = document.getElementById("standings");
const body = table.tBodies[0];
const rows = Array.from(body.rows);
const texts = rows.map((row) => row.textContent.toLowerCase());
const columns = document.getElementById("columns");
const groups = document.getElementById("groups");
const view = document.getElementById("view");
const status = document.getElementById("status");
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const measures = table.dataset.measures.split("|");
const taskHeads = JSON.parse(table.dataset.taskHeads);
const TRAILING = 5; // columns behind the numbers
let ranked = 0;
let sorted = null;

const place = (head) => Array.prototype.indexOf.call(columns.cells, head);

function sortBy(head, direction) {
  const index = place(head);
  const sign = direction === "ascending" ? 1 : -1;
  const number = head.dataset.better !== undefined;
  if (head.dataset.measure !== undefined) ranked = Number(head.dataset.measure);
  showRanks();
  const keyed = rows.map((row, order) => {
    const cell = row.cells[index];
    const text = number ? cell.dataset.v : cell.textContent;
    const missing = text === undefined || text === "–" || text === "";
    return { row, order, missing, key: number ? Number(text) : text };
  });
  const compare = number ? (a, b) => a.key - b.key : (a, b) => collator.compare(a.key, b.key);
  // What is undefined comes last, whichever way the others are sorted.
  keyed.sort((a, b) => a.missing - b.missing || (a.missing ? 0 : sign * compare(a, b)) || a.order - b.order);
  body.append(...keyed.map((each) => each.row));
  for (const each of columns.cells) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);
  sorted = { index, direction, ofTask: head.classList.contains("task") };
}

function toggle(head) {
  const natural = head.dataset.better === "higher" ? "descending" : "ascending";
  const other = natural === "ascending" ? "descending" : "ascending";
  sortBy(head, head.getAttribute("aria-sort") === natural ? other : natural);
  say();
}

// Ranks in the measure that was sorted by last, in the columns that can be seen.
function showRanks() {
  const shown = table.dataset.view;
  for (const head of columns.querySelectorAll(".rank")) {
    const seen = shown === "main" ? !head.classList.contains("minor") : head.classList.contains(shown);
    if (!seen || Number(head.dataset.shown ?? 0) === ranked) continue;
    head.dataset.shown = ranked;
    head.querySelector("small").textContent = measures[ranked];
    const index = place(head);
    for (const row of rows) {
      const cell = row.cells[index];
      if (cell.dataset.ranks === undefined) continue;
      const range = cell.dataset.ranks.split(" ")[ranked];
      const [best, worst] = range.split("–");
      cell.textContent = range;
      // Ranges sort by their better end, then by their worse one.
      if (best) cell.dataset.v = Number(best) + Number(worst ?? best) / 1e6;
      else delete cell.dataset.v;
    }
  }
}

function filter() {
  const words = document.getElementById("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const kind = document.getElementById("kind").value;
  rows.forEach((row, index) => {
    row.hidden = (kind && row.dataset.kind !== kind) || !words.every((word) => texts[index].includes(word));
  });
  say();
}

function say() {
  const shown = rows.filter((row) => !row.hidden).length;
  status.textContent = shown === rows.length ? `${shown} shown` : `${shown} of ${rows.length} shown`;
}

function headCell(className, scope, content, span) {
  const cell = document.createElement("th");
  cell.className = className;
  cell.setAttribute("role", "columnheader");
  cell.scope = scope;
  if (span) cell.style.gridColumn = `span ${span}`;
  cell.append(content);
  return cell;
}

function headButton({ heading, better }, text, small) {
  const button = document.createElement("button");
  button.type = "button";
  button.title = better ? `${heading}; ${better} is better` : heading;
  button.append(text);
  button.append(Object.assign(document.createElement("small"), { textContent: small }));
  return button;
}

// The columns of one task ("t" and its place), or of one measure over all tasks ("m" and its place).
function addTaskColumns(chosen) {
  const number = Number(chosen.slice(1));
  const added = [];
  for (const group of view.querySelectorAll("optgroup[data-name]")) {
    const tasks = Array.from(group.children).map((each) => ({ task: Number(each.value.slice(1)), name: each.text }));
    const own = chosen[0] === "m" ? tasks : tasks.filter((each) => each.task === number);
    if (!own.length) continue;
    const over = chosen[0] === "m" ? group.dataset.name : own[0].name;
    const of = chosen[0] === "m" ? [number] : [...taskHeads.keys()];
    groups.cells[groups.cells.length - 1].before(
      headCell("group block task", "colgroup", over, own.length * of.length));
    for (const { task, name } of own) {
      for (const measure of of) {
        const first = task === own[0].task && measure === of[0];
        added.push({ task, name, measure, className: first ? "n task block" : "n task" });
        const head = taskHeads[measure];
        const button = chosen[0] === "m" ? headButton(head, name, head.heading) : headButton(head, head.heading, "");
        const cell = headCell(added.at(-1).className, "col", button);
        cell.dataset.better = head.better || "higher";
        columns.cells[columns.cells.length - TRAILING].before(cell);
      }
    }
  }
  const width = ({ name }) => (chosen[0] === "m" ? Math.max(5, 1.8 + 0.56 * name.length) : 5);
  table.style.setProperty("--tasks", added.map((each) => `${width(each)}rem`).join(" "));
  for (const row of rows) {
    const tasks = row.dataset.tasks?.split(";").map((task) => task.split(","));
    const cells = added.map(({ task, measure, className }) => {
      const [text, ...small] = (tasks?.[task]?.[measure] || "–").split("~");
      const cell = document.createElement("td");
      cell.className = className;
      cell.setAttribute("role", "cell");
      cell.textContent = text;
      if (text !== "–") cell.dataset.v = parseFloat(text);
      for (const each of small) cell.append(Object.assign(document.createElement("small"), { textContent: each }));
      return cell;
    });
    row.cells[row.cells.length - TRAILING].before(...cells);
  }
}

function show() {
  const ofTasks = /^[mt]\d/.test(view.value);
  for (const each of table.querySelectorAll(".task")) each.remove();
  table.dataset.view = ofTasks ? "tasks" : view.value;
  if (ofTasks) addTaskColumns(view.value);
  // Sorted by a task's column before, the table is sorted by the one that stands there now.
  const head = sorted?.ofTask ? columns.cells[sorted.index] : null;
  if (head?.classList.contains("task")) sortBy(head, sorted.direction);
  showRanks();
}

columns.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) toggle(button.closest("th"));
});
document.getElementById("filter").addEventListener("input", filter);
document.getElementById("kind").addEventListener("change", filter);
view.addEventListener("change", show);
// A browser that goes back keeps what was chosen.
show();
filter();
