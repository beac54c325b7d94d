// The choices above the samples. They show what the address says, and change nothing else.

const LABELS = {
  task: "Task", subset: "Subset", verdict: "Verdict", target: "Target", answer: "Answer",
  answer_status: "Reading of the answer", confidence_status: "Reading of the confidence",
  finish_reason: "Finish reason", error: "Error", flip: "Flip", confidence: "Confidence", q: "Text",
};
const sourceName = (source) => (source === sources[0] && sources.length === 1 ? "confidence" : `${source} confidence`);

function select(label, options, chosen, change) {
  const made = (option) => (option.options
    ? make("optgroup", { label: option.label }, option.options.map(made))
    : make("option", { value: option.value, selected: option.value === chosen }, option.label));
  return make("label", {}, `${label} `, make("select", { onchange: (event) => change(event.target.value) }, options.map(made)));
}

/** The values of a filter that occur, with how often; many labels are sorted, few keep their order. */
function optionsOf(key) {
  if (key === "subset") return subsetsOf().map((each) => ({ value: each.key, label: each.key }));
  const { values, codes } = columnOf(key, state.run);
  const counts = new Array(values.length + 1).fill(0);
  for (let row = 0; row < size; row += 1) counts[codes[row] + 1] += 1;
  const options = values.map((value, code) => ({ value: visible(value), label: short(visible(value)), n: counts[code + 1] }));
  if (key === "target" || key === "answer") options.sort((a, b) => b.n - a.n);
  options.length = Math.min(options.length, 200); // ratings and sets have as many as samples; text finds the others
  if (counts[0]) options.push({ value: NONE, label: "none", n: counts[0] });
  return options.filter((each) => each.n).map((each) => ({ ...each, label: `${each.label} (${each.n.toLocaleString("en")})` }));
}

const short = (text, most = 60) => (text.length > most ? `${text.slice(0, most)}…` : text);

function taskOptions() {
  const groups = new Map();
  for (const task of report.tasks) groups.set(task.group, [...(groups.get(task.group) ?? []), task]);
  return [...groups].map(([, tasks]) => ({
    label: visible(groupName(tasks[0])),
    options: [
      ...(tasks.length > 1 && groups.size > 1
        ? [{ value: JSON.stringify(tasks.map((task) => task.id)), label: `all of ${visible(groupName(tasks[0]))}` }] : []),
      ...tasks.map((task) => ({ value: JSON.stringify([task.id]), label: visible(task.name) })),
    ],
  }));
}

let drawnFor = null;

function showFilters() {
  const place = find("choices");
  place.hidden = state.page === "run" || state.page === "sample";
  const isList = ["samples", "compare"].includes(state.page);
  if (place.hidden) return;
  const now = JSON.stringify([state.page, state.run, state.source, state.order, state.view, { ...state.filters, q: "" }]);
  if (now === drawnFor) return showSearch();
  const focused = place.contains(document.activeElement) ? document.activeElement.closest("[data-filter]")?.dataset.filter : null;
  const isOpen = place.querySelector("details")?.open ?? false;
  drawnFor = now;
  place.replaceChildren(...[isList && searchField(), mainChoices(isList), otherChoices(isOpen), chips()].filter(Boolean));
  showSearch();
  place.querySelector(`[data-filter="${focused}"] :is(select, input)`)?.focus();
}

function searchField() {
  let waiting = 0;
  const typed = (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => goQuietly({ filters: filtersWith({ q: event.target.value }) }), 150);
  };
  return make("label", { class: "search", "data-filter": "q" }, "Text ", make("input", {
    id: "search", type: "search", autocomplete: "off", spellcheck: "false", placeholder: "in id, prompt, response",
    "aria-keyshortcuts": "/", oninput: typed,
  }));
}

function showSearch() {
  const field = find("search");
  if (field && document.activeElement !== field) field.value = state.filters.q ?? "";
}

function choice(key, options, chosen) {
  const isMany = (state.filters[key]?.length ?? 0) > 1;
  const first = { value: "", label: isMany && chosen === undefined ? `${state.filters[key].length} chosen` : "all" };
  const shownAs = isMany && chosen === undefined ? "" : chosen ?? state.filters[key]?.[0] ?? "";
  const change = (value) => go({ filters: filtersWith({ [key]: key === "task" && value ? JSON.parse(value) : value && [value] }) });
  const label = select(LABELS[key], [first, ...options], shownAs, change);
  label.dataset.filter = key;
  return label;
}

function mainChoices(isList) {
  const parts = [];
  if (isCompared) {
    const runs = report.runs.map((run, place) => ({ value: String(place), label: visible(run.name) }));
    parts.push(select("Run", runs, String(state.run), (value) => go({ run: Number(value) })));
  }
  if (report.tasks.length > 1) parts.push(choice("task", taskOptions(), state.filters.task ? JSON.stringify(state.filters.task) : ""));
  parts.push(choice("verdict", optionsOf("verdict")));
  if (isCompared) parts.push(choice("flip", optionsOf("flip")));
  if (sources.length > 1) {
    parts.push(select("Confidence", sources.map((each) => ({ value: each, label: each })), state.source, (source) => go({ source })));
  }
  if (isList) {
    const orders = Object.entries(ORDERS).map(([value, label]) => ({ value, label }));
    parts.push(select("Order", orders, state.order, (order) => go({ order })));
  }
  if (state.page === "samples") {
    const turn = () => go({ view: state.view === "grid" ? "list" : "grid" });
    parts.push(make("button", { type: "button", id: "grid", "aria-pressed": String(state.view === "grid"), "aria-keyshortcuts": "g", onclick: turn }, "Grid"));
  }
  return make("div", { class: "controls" }, parts);
}

function otherChoices(isOpen) {
  const keys = LISTED.filter((key) => !["task", "verdict", "flip"].includes(key) && columnOf(key, state.run) !== undefined || key === "subset");
  const parts = keys.map((key) => [key, optionsOf(key)]).filter(([key, options]) => options.length > 1 || state.filters[key]);
  const range = Array.isArray(state.filters.confidence) ? state.filters.confidence : ["", ""];
  const bound = (place, label) => make("label", { "data-filter": `confidence-${place}` }, `${label} `, make("input", {
    type: "number", min: 0, max: 100, step: "any", inputmode: "decimal",
    value: range[place] === "" ? null : String(Number((100 * range[place]).toPrecision(12))),
    onchange: (event) => {
      const next = [range[0] === "" ? 0 : range[0], range[1] === "" ? 1 : range[1]];
      if (event.target.value === "") next[place] = place;
      else next[place] = Math.min(1, Math.max(0, Number(event.target.value) / 100));
      go({ filters: filtersWith({ confidence: next[0] === 0 && next[1] === 1 ? null : next }) });
    },
  }));
  return make("details", { open: isOpen }, make("summary", {}, "More filters"),
    make("div", { class: "controls" }, parts.map(([key, options]) => choice(key, options)),
      bound(0, "Confidence from %"), bound(1, "to below %")));
}

/** What filters the samples now, each to be taken away by a click. */
function chips() {
  const chosen = Object.entries(state.filters).filter(([key]) => key !== "q");
  if (!chosen.length) return null;
  const text = (key, value) => {
    if (key === "confidence") return value === NONE ? "none" : `${percent(value[0])} to ${percent(value[1])}`;
    return value.map((each) => (each === NONE ? "none" : visible(key === "task" ? report.tasks.find((task) => task.id === each)?.name ?? each : each))).join(" or ");
  };
  return make("p", { class: "chips" }, "Shown: ", chosen.map(([key, value]) =>
    make("a", { class: "chip", href: addressFor({ filters: filtersWith({ [key]: null }) }), "aria-label": `take away ${LABELS[key]}: ${text(key, value)}` },
      `${LABELS[key]}: `, shown(short(text(key, value))), make("span", { "aria-hidden": "true" }, " ×"))),
  make("a", { id: "clear", href: addressFor({ filters: {} }) }, "show all"));
}
