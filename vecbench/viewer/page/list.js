// The list and the grid: of 100,000 samples, only those that can be seen are elements.

const list = { rows: [], active: 0, box: null, inner: null, nodes: new Map(), wide: 1, tall: 64, draw: null, frame: 0, images: 0, places: new Map() };
const MARGIN = 6; // lines drawn above and below what is seen
const MOST = 15_000_000; // pixels: what is taller, browsers cut

const SIGNS = { right: "✓", wrong: "✗", unread: "?", "partly right": "◐", "not judged": "–" };

function badge(verdict) {
  const name = verdict ?? "no such row";
  return make("span", { class: `badge ${name.replaceAll(" ", "-")}` }, make("span", { "aria-hidden": "true" }, `${SIGNS[name] ?? "·"} `), name);
}

const said = (confidence) => (confidence === null || confidence === undefined ? "–" : percent(confidence, confidence < 0.995 || confidence === 1 ? 0 : 1));

function thumbnail(source, size_, alt = "") {
  if (!source) return make("span", { class: "thumb none", "aria-hidden": "true" });
  return make("img", { class: "thumb", "data-src": source, width: size_, height: size_, alt, decoding: "async" });
}

function answered(row, run) {
  const answer = valueOf(columns.runs[run].answer, row);
  return answer === null ? make("i", {}, visible(valueOf(columns.runs[run].answer_status, row) ?? "no answer")) : shown(short(answer, 80));
}

function line(row, run = state.run) {
  const of = columns.runs[run];
  const confidence = of.confidence[state.source]?.[row];
  const target = valueOf(columns.target, row);
  const repeat = columns.repeat[row];
  return [
    thumbnail(valueOf(columns.thumb, row), 48),
    make("span", { class: "name" }, shown(short(columns.id[row], 80)), " ", make("small", {}, visible(taskOf(row).name), repeat ? ` · repeat ${repeat + 1}` : "")),
    badge(valueOf(of.verdict, row)),
    make("span", { class: "said" }, make("small", {}, "answer "), answered(row, run)),
    make("span", { class: "truth" }, make("small", {}, "target "), target === null ? "–" : shown(short(target, 80))),
    make("span", { class: "sure" }, make("small", {}, "confidence "), said(confidence)),
  ];
}

function tile(row) {
  const [, name, verdict, answer, target, sure] = line(row);
  return [thumbnail(valueOf(columns.thumb, row), 128), make("span", { class: "under" }, verdict, sure), name, answer, target];
}

/** A box that shows rows; `draw` makes the content of one. */
function listBox(label, draw, className) {
  Object.assign(list, { draw, nodes: new Map(), inner: make("ol", { class: className, "aria-label": label }) });
  list.box = make("div", { class: "list-box", onscroll: soon }, list.inner);
  return list.box;
}

function soon() {
  list.places.set(location.hash, list.box.scrollTop);
  if (!list.frame) list.frame = requestAnimationFrame(() => { list.frame = 0; drawList(false); });
}

/** Takes rows in. "again": the page is back, and so is its place; "more": a search found some; "other": from the top. */
function fillList(rows, why) {
  const before = list.rows[list.active];
  list.rows = rows;
  list.nodes.clear();
  list.inner.replaceChildren();
  measure();
  list.active = why === "other" || before === undefined ? 0 : Math.max(0, rows.indexOf(before));
  if (why !== "more") list.box.scrollTop = why === "again" ? list.places.get(location.hash) ?? 0 : 0;
  if (why === "again" && list.active) reveal();
  drawList();
}

function measure() {
  const style = getComputedStyle(list.inner);
  list.tall = parseFloat(style.getPropertyValue("--tall")) || 64;
  const width = parseFloat(style.getPropertyValue("--wide"));
  list.wide = width ? Math.max(1, Math.floor(list.inner.clientWidth / width)) : 1;
  list.inner.style.height = `${Math.min(MOST, Math.ceil(list.rows.length / list.wide) * list.tall)}px`;
}

/** Images take longer than rows: what is scrolled past in a moment gets none. */
function showImages() {
  list.images = 0;
  for (const image of list.inner.querySelectorAll("img[data-src]")) {
    image.src = image.dataset.src;
    delete image.dataset.src;
  }
}

function drawList(atOnce = true) {
  if (!list.box?.isConnected) return;
  const { box, inner, nodes, rows, wide, tall } = list;
  const top = box.scrollTop;
  const from = Math.max(0, (Math.floor(top / tall) - MARGIN) * wide);
  const to = Math.min(rows.length, (Math.ceil((top + box.clientHeight) / tall) + MARGIN) * wide);
  const wanted = new Set(Array.from({ length: Math.max(0, to - from) }, (_, place) => from + place));
  if (rows.length) wanted.add(list.active);
  for (const [place, node] of nodes) if (!wanted.has(place)) { node.remove(); nodes.delete(place); }
  for (const place of [...wanted].sort((a, b) => a - b)) if (!nodes.has(place)) addItem(place);
  for (const [place, node] of nodes) {
    node.firstChild.tabIndex = place === list.active ? 0 : -1;
    node.classList.toggle("active", place === list.active);
  }
  inner.classList.toggle("empty", !rows.length);
  if (atOnce) showImages();
  else list.images ||= setTimeout(showImages, 100);
}

function addItem(place) {
  const row = list.rows[place];
  const link = make("a", { href: addressFor({ page: "sample", sample: addressOf(row) }), onfocus: () => activate(place, false) }, list.draw(row));
  const item = make("li", { "aria-posinset": place + 1, "aria-setsize": list.rows.length }, link);
  item.style.top = `${Math.floor(place / list.wide) * list.tall}px`;
  if (list.wide > 1) {
    item.style.left = `${(100 * (place % list.wide)) / list.wide}%`;
    item.style.width = `${100 / list.wide}%`;
  }
  list.nodes.set(place, item);
  // In the order of the list, so that reading and Tab go as the eye does.
  const after = [...list.nodes].filter(([other]) => other > place).sort(([a], [b]) => a - b)[0];
  list.inner.insertBefore(item, after ? after[1] : null);
}

function activate(place, focus = true) {
  if (!list.rows.length) return;
  list.active = Math.min(list.rows.length - 1, Math.max(0, place));
  if (focus) reveal();
  drawList();
  if (focus) list.nodes.get(list.active).firstChild.focus({ preventScroll: true });
}

function reveal() {
  const top = Math.floor(list.active / list.wide) * list.tall;
  const { box, tall } = list;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + tall > box.scrollTop + box.clientHeight) box.scrollTop = top + tall - box.clientHeight;
}

// Paper has no scroll bar: the first samples are all drawn.
const PRINTED = 200;
addEventListener("beforeprint", () => {
  if (!list.box?.isConnected) return;
  for (let place = 0; place < Math.min(PRINTED, list.rows.length); place += 1) if (!list.nodes.has(place)) addItem(place);
  showImages();
});
addEventListener("resize", () => { if (list.box?.isConnected) { const { rows } = list; fillList(rows, "more"); } });
