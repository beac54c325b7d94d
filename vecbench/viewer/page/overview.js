// The first page: the scores, and where a look at the samples pays.

function scoreTable({ title, columns: heads, rows, notes }, run, isFirst = true) {
  const head = (column) => make("th", { scope: "col", title: visible(column.description ?? "") }, visible(column.heading),
    column.better && make("span", { class: "better", "aria-label": `${column.better} is better` }, column.better === "higher" ? " ↑" : " ↓"));
  const cell = (each) => make("td", each.why ? { title: visible(each.why) } : {}, visible(each.text), each.mark && make("sup", {}, visible(each.mark)),
    each.low != null && make("small", {}, `${visible(each.low)} to ${visible(each.high)}`));
  const body = rows.map((row) => make("tr", { class: row.level }, make("th", { scope: "row" }, rowLink(row, run)),
    make("td", {}, row.n.toLocaleString("en")), row.cells.map(cell)));
  return [isFirst && make("h2", {}, visible(title), isCompared && [" ", make("span", {}, shown(report.runs[run].name))]),
    table(`${visible(title)}${isCompared ? ` of ${visible(report.runs[run].name)}` : ""}`, [make("th", { scope: "col" }, "Part"), make("th", { scope: "col" }, "n"), ...heads.map(head)], body, "scores"),
    (notes ?? []).map((note) => make("p", { class: "note" }, visible(note))),
    make("details", { class: "glossary" }, make("summary", {}, "What the columns mean"), make("dl", { class: "pairs" }, heads.filter((each) => each.description).map((each) =>
      [make("dt", {}, visible(each.heading)), make("dd", {}, `${visible(each.description)}${each.better ? `, ${each.better} is better` : ""}`)])))];
}

function rowLink(row, run) {
  const tasks = (row.tasks ?? []).map((place) => report.tasks[place].id);
  // A dimension of ratings is no attribute of samples: all of them have it.
  const isOfSamples = row.subset && Object.hasOwn(columns.attributes, row.subset[0]);
  const filters = { ...(tasks.length && tasks.length < report.tasks.length && { task: tasks }), ...(isOfSamples && { subset: [`${row.subset[0]}: ${visible(row.subset[1])}`] }) };
  return make("a", { href: addressFor({ page: "samples", filters, run }) }, shown(row.name));
}

/** How often each reason stands for an answer or a confidence that could not be read. */
function unread(run) {
  const test = testOf(state.filters, run, state.source);
  const rows = (report.runs[run].overview.unread ?? []).map((entry) => {
    const key = `${entry.what}_status`;
    const column = columns.runs[run][key];
    const status = column.values.includes(entry.status) ? entry.status : entry.name;
    const code = column.values.indexOf(status);
    let n = 0;
    for (let row = 0; row < size; row += 1) if (column.codes[row] === code && test(row)) n += 1;
    return { ...entry, n: report.n_shown < report.n_rows && !Object.keys(state.filters).length ? entry.n : n, href: samplesWith({ [key]: [visible(status)] }, { run }) };
  }).filter((entry) => entry.n);
  return make("section", { "aria-labelledby": "unread" }, make("h2", { id: "unread" }, "What could not be read"),
    rows.length
      ? table("Answers and confidences that could not be read, by reason", ["What", "Reason", "Samples", "What to do"].map((text) => make("th", { scope: "col" }, text)),
        rows.map((entry) => make("tr", {}, make("td", {}, entry.what), make("th", { scope: "row" }, make("a", { href: entry.href }, visible(entry.name))),
          make("td", {}, entry.n.toLocaleString("en")), make("td", { class: "prose" }, visible(entry.remedy ?? "")))), "unread")
      : make("p", {}, "Every answer and every confidence could be read."));
}

function sourceTables(run) {
  const all = report.runs[run].overview.sources ?? [];
  if (!all.length) return null;
  return make("section", { "aria-labelledby": "sources" }, make("h2", { id: "sources" }, "Sources of confidence and controls"), all.map((entry) => {
    const width = entry.rows[0]?.[1]?.length ?? 0;
    const heads = entry.columns ?? Array.from({ length: width }, () => ({ heading: "" }));
    const rows = entry.rows.map(([name, cells]) => make("tr", {}, make("th", { scope: "row" }, visible(name)), cells.map((each) =>
      make("td", {}, visible(each.text), each.mark && make("sup", {}, visible(each.mark)), each.low != null && make("small", {}, `${visible(each.low)} to ${visible(each.high)}`)))));
    return [make("h3", {}, shown(entry.name)), (entry.notes ?? []).map((each) => make("p", { class: "note" }, visible(each))), table(`Sources of ${visible(entry.name)}`, [make("th", { scope: "col" }, "Source"), ...heads.map((each) => make("th", { scope: "col", title: visible(each.description ?? "") }, visible(each.heading)))], rows, "scores")];
  }));
}

function showOverview(main) {
  const runs = report.runs.map((_, run) => run);
  main.append(make("div", {}, runs.map((run) => make("section", {}, report.runs[run].overview.tables.map((each, place) => (place === 0 ? scoreTable(each, run)
    : make("details", {}, make("summary", {}, visible(each.title)), scoreTable(each, run, false))))))));
  const isFiltered = Object.keys(filtersWith({ q: null })).length > 0;
  main.append(make("section", { "aria-labelledby": "reliability" }, make("h2", { id: "reliability" }, "Does it know when it is right?"),
    isFiltered && make("p", { class: "notice" }, "From here on, the page is about the samples that the filters leave. The scores above are of all."),
    isCompared && make("p", { class: "quiet" }, HOW_TO_READ),
    make("div", { class: isCompared ? "figures beside" : "figures" }, runs.map(reliabilityFigure))));
  for (const part of [unread(state.run), confusions(state.run), sourceTables(state.run)]) if (part) main.append(part);
}
