"use strict";
const table = document.getElementById("standings");
const body = table.tBodies[0];
const rows = Array.from(body.rows);
const texts = rows.map((row) => row.textContent.toLowerCase());
const headers = Array.from(table.tHead.querySelectorAll("th[data-kind]"));
const status = document.getElementById("status");
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

// The second header row stands between the first row's cells: a header's column is that of its cells.
const [first, second] = table.tHead.rows;
const columns = new Map();
let column = 0;
let beneath = 0;
for (const header of first.cells) {
  if (header.dataset.all) {
    for (let count = 0; count < Number(header.dataset.all); count += 1) {
      columns.set(second.cells[beneath], column);
      beneath += 1;
      column += 1;
    }
  } else {
    columns.set(header, column);
    column += 1;
  }
}

function sortBy(header, direction) {
  const place = columns.get(header);
  const sign = direction === "ascending" ? 1 : -1;
  const number = header.dataset.kind === "number";
  const keyed = rows.map((row, index) => {
    const cell = row.cells[place];
    const text = number ? cell.dataset.v : cell.textContent;
    const missing = text === undefined || text === "–" || text === "";
    return { row, index, missing, key: number ? Number(text) : text };
  });
  const compare = number ? (a, b) => a.key - b.key : (a, b) => collator.compare(a.key, b.key);
  // What is undefined comes last, whichever way the others are sorted.
  keyed.sort((a, b) => a.missing - b.missing || (a.missing ? 0 : sign * compare(a, b)) || a.index - b.index);
  const fragment = document.createDocumentFragment();
  for (const each of keyed) fragment.append(each.row);
  body.append(fragment);
  for (const each of headers) each.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", direction);
}

function sorted(header) {
  const natural = header.dataset.better === "higher" ? "descending" : "ascending";
  const other = natural === "ascending" ? "descending" : "ascending";
  sortBy(header, header.getAttribute("aria-sort") === natural ? other : natural);
}

function filter() {
  const words = document.getElementById("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const kind = document.getElementById("kind").value;
  let shown = 0;
  rows.forEach((row, index) => {
    row.hidden = (kind && row.dataset.kind !== kind) || !words.every((word) => texts[index].includes(word));
    shown += !row.hidden;
  });
  status.textContent = shown === rows.length ? `${shown} shown` : `${shown} of ${rows.length} shown`;
}

function view() {
  const chosen = document.getElementById("view").value;
  table.dataset.view = chosen;
  for (const header of first.cells) {
    if (header.dataset.all) header.colSpan = Number(chosen === "main" ? header.dataset.main : header.dataset.all);
  }
}

for (const header of headers) header.querySelector("button").addEventListener("click", () => sorted(header));
document.getElementById("filter").addEventListener("input", filter);
document.getElementById("kind").addEventListener("change", filter);
document.getElementById("view").addEventListener("change", view);
view();
filter();
