// Everything that a reader has chosen stands in the address, so that it can be kept, sent and gone back to.

const ORDERS = {
  bold: "confidently wrong first",
  unsure: "unsure right first",
  brier: "Brier score, worst first",
  confidence: "confidence, highest first",
  length: "response, longest first",
  id: "task and id",
};
const LISTED = ["task", "subset", "verdict", "target", "answer", "answer_status", "confidence_status", "finish_reason",
  "error", "flip"];
const PAGES = ["overview", "samples", "sample", "compare", "run"];
const NONE = "∅"; // a value for "there is none", which no label is

let state = stateOf("");

/** What an address says: a page, its sample, and the filters that hold on every page. */
function stateOf(hash) {
  const [path, query = ""] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  const [page, ...rest] = path.split("/");
  const asked = new URLSearchParams(query);
  const filters = {};
  for (const key of LISTED) if (asked.has(key)) filters[key] = asked.getAll(key);
  const range = /^(\d*\.?\d+)-(\d*\.?\d+)$/.exec(asked.get("confidence") ?? "");
  if (asked.get("confidence") === NONE) filters.confidence = NONE;
  else if (range) filters.confidence = [Number(range[1]), Number(range[2])];
  if (asked.get("q")) filters.q = asked.get("q");
  return {
    page: PAGES.includes(page) && (page !== "compare" || isCompared) ? page : "overview",
    sample: page === "sample" ? rest.join("/") : null,
    filters,
    order: asked.get("order") in ORDERS ? asked.get("order") : "bold",
    view: asked.get("view") === "grid" ? "grid" : "list",
    run: asked.get("run") === "2" && isCompared ? 1 : 0,
    source: sources.includes(asked.get("source")) ? asked.get("source") : sources[0],
  };
}

/** The address of a state; what is usual is left out. */
function addressFor(changes) {
  const next = { ...state, ...changes };
  const asked = new URLSearchParams();
  for (const key of LISTED) for (const value of next.filters[key] ?? []) asked.append(key, value);
  const range = next.filters.confidence;
  if (range) asked.set("confidence", range === NONE ? NONE : range.join("-"));
  if (next.filters.q) asked.set("q", next.filters.q);
  if (next.order !== "bold") asked.set("order", next.order);
  if (next.view !== "list") asked.set("view", next.view);
  if (next.run) asked.set("run", "2");
  if (next.source !== sources[0]) asked.set("source", next.source);
  const path = next.page === "sample" ? `sample/${next.sample}` : next.page;
  return `#/${path}${asked.size ? `?${asked}` : ""}`;
}

const go = (changes) => { location.hash = addressFor(changes); };

/** Typing changes the address without filling the history with letters. */
function goQuietly(changes) {
  history.replaceState(null, "", addressFor(changes));
  route();
}

/** The filters with some of them set; null, "" and [] take one away. */
function filtersWith(changes) {
  const next = { ...state.filters, ...changes };
  for (const [key, value] of Object.entries(next)) if (value === null || value.length === 0) delete next[key];
  return next;
}

const samplesWith = (changes, others = {}) => addressFor({ page: "samples", filters: filtersWith(changes), ...others });
