// From the address to what is seen.

const TITLES = { overview: "Overview", samples: "Samples", sample: "Sample", compare: "Compare", run: "Run" };
const SHOWN = { overview: showOverview, samples: showSamples, sample: showSample, compare: showCompare, run: showRun };
let shownFor = null;

function showSamples(main) {
  const isGrid = state.view === "grid";
  main.append(make("h2", { class: "unseen" }, "Samples"), make("p", { class: "count", id: "count" }),
    listBox("Samples", isGrid ? tile : (row) => line(row), isGrid ? "grid" : "rows"));
}

function refresh(why) {
  if (state.page === "compare") find("flips").replaceChildren(flipTable());
  const rows = rowsOf(state, state.filters.q ? search.found : null);
  fillList(rows, why);
  const share = isSearching() ? `, searching: ${percent(search.done / blocks())}` : "";
  const cut = report.n_shown < report.n_rows ? ` (the run has ${report.n_rows.toLocaleString("en")})` : "";
  const text = `${rows.length.toLocaleString("en")} of ${counted(size, "sample")}${cut}${share}`;
  find("count").textContent = text;
  if (!isSearching()) find("status").textContent = text;
}

/** A search goes on by itself: what it finds is shown as long as somebody looks at it. */
function searched() {
  if (isListed()) refresh("more");
  else if (state.page === "sample" && !isSearching()) showPage();
}

function showPage() {
  const main = find("main");
  main.replaceChildren();
  SHOWN[state.page](main);
  if (isListed()) refresh("again");
}

function route() {
  state = stateOf(location.hash);
  const { page, sample, view } = state;
  seek(state.filters.q ?? null, searched);
  for (const link of document.querySelectorAll("nav [data-page]")) {
    const isHere = link.dataset.page === (page === "sample" ? "samples" : page);
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    link.href = addressFor({ page: link.dataset.page });
  }
  find("notices").hidden = page !== "overview" || !report.notices.length;
  showFilters();
  const now = JSON.stringify([page, sample, page === "samples" && view, !["samples", "compare"].includes(page) && state]);
  if (shownFor === now && isListed()) return refresh("other");
  const isOther = shownFor !== null && JSON.parse(shownFor)[0] !== page;
  shownFor = now;
  showPage();
  const row = sample && rowAt(sample);
  const name = row === null || row === undefined ? TITLES[page] : visible(columns.id[row]);
  document.title = `${name} – ${visible(report.title)}`;
  if (isOther) scrollTo(0, 0);
  if (isOther || page === "sample") find("main").focus({ preventScroll: true });
}

function start() {
  document.querySelector("h1 bdi").replaceChildren(...marked(report.title));
  find("notices").append(...report.notices.map((text) => make("p", { class: "notice" }, ...marked(text))));
  document.querySelector('[data-page="compare"]').hidden = !isCompared;
  listenToKeys();
  addEventListener("hashchange", route);
  route();
}

start();
