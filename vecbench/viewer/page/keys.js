// What the keyboard does, on every page.

const KEYS = [
  ["j, ↓", "next sample"], ["k, ↑", "previous sample"], ["← →", "in the grid and in a sample: previous, next"],
  ["Enter", "open the sample"], ["Esc", "back to the samples; out of the text field"], ["/", "search in id, prompt and response"],
  ["g", "list or grid"], ["w", "only wrong answers, or all"], ["?", "this help"],
];

const isListed = () => list.box?.isConnected ?? false;

function step(by, event) {
  if (isListed()) activate(list.active + by);
  else if (state.page === "sample" && rowAt(state.sample) !== null) {
    const { before, after } = neighbours(rowAt(state.sample));
    const row = by > 0 ? after : before;
    if (row !== undefined) location.hash = sampleAddress(row);
  } else return;
  event.preventDefault();
}

const isWrongOnly = () => state.filters.verdict?.length === 1 && state.filters.verdict[0] === "wrong";

const PRESSED = {
  j: (event) => step(1, event),
  k: (event) => step(-1, event),
  ArrowDown: (event) => isListed() && step(list.wide, event),
  ArrowUp: (event) => isListed() && step(-list.wide, event),
  ArrowRight: (event) => (state.page === "sample" || list.wide > 1) && step(1, event),
  ArrowLeft: (event) => (state.page === "sample" || list.wide > 1) && step(-1, event),
  Home: (event) => isListed() && step(-list.rows.length, event),
  End: (event) => isListed() && step(list.rows.length, event),
  Enter: (event) => {
    if (!isListed() || !list.rows.length || ![document.body, find("main")].includes(event.target)) return;
    location.hash = sampleAddress(list.rows[list.active]);
  },
  Escape: () => { if (state.page === "sample") go({ page: "samples" }); },
  "/": (event) => {
    event.preventDefault();
    if (!find("search")) go({ page: "samples" });
    route();
    find("search").focus();
  },
  g: () => go({ page: "samples", view: state.view === "grid" ? "list" : "grid" }),
  w: () => go({ page: state.page === "compare" ? "compare" : "samples", filters: filtersWith({ verdict: isWrongOnly() ? null : ["wrong"] }) }),
  "?": () => find("help").showModal(),
};

function listenToKeys() {
  find("help-keys").append(...KEYS.flatMap(([key, text]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, text)]));
  find("ask-help").addEventListener("click", PRESSED["?"]);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || find("help").open) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const scrolls = event.key.startsWith("Arrow") && event.target.closest("pre, .scroll");
    if (Object.hasOwn(PRESSED, event.key) && !scrolls) PRESSED[event.key](event);
  });
}
