"use strict";
const table = document.getElementById("standings");
const body = table.tBodies[0];
const rows = Array.from(body.rows);
const texts = rows.map((row) => row.textContent.toLowerCase());
const heads = Array.from(document.getElementById("columns").cells);
const status = document.getElementById("status");
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function sortBy(head, direction) {
  const place = heads.indexOf(head);
  const sign = direction === "ascending" ? 1 : -1;
  const number = head.dataset.better !== undefined;
  const keyed = rows.map((row, index) => {
    const cell = row.cells[place];
    const text = number ? cell.dataset.v : cell.textContent;
    const missing = text === undefined || text === "–" || text === "";
    return { row, index, missing, key: number ? Number(text) : text };
  });
  const compare = number ? (a, b) => a.key - b.key : (a, b) => collator.compare(a.key, b.key);
  // What is undefined comes last, whichever way the others are sorted.
  keyed.sort((a, b) => a.missing - b.missing || (a.missing ? 0 : sign * compare(a, b)) || a.index - b.index);
  body.append(...keyed.map((each) => each.row));
  for (const each of heads) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);
}

function toggle(head) {
  const natural = head.dataset.better === "higher" ? "descending" : "ascending";
  const other = natural === "ascending" ? "descending" : "ascending";
  sortBy(head, head.getAttribute("aria-sort") === natural ? other : natural);
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
  table.dataset.view = document.getElementById("view").value;
}

for (const head of heads) head.querySelector("button")?.addEventListener("click", () => toggle(head));
document.getElementById("filter").addEventListener("input", filter);
document.getElementById("kind").addEventListener("change", filter);
document.getElementById("view").addEventListener("change", view);
view();
filter();
