// Two runs on the same samples: which answers flipped.

function flipTable() {
  const test = testOf({ ...state.filters, flip: undefined }, state.run, state.source);
  const counts = FLIPS.map(() => 0);
  for (let row = 0; row < size; row += 1) if (test(row)) counts[flips[row]] += 1;
  const all = counts.reduce((sum, n) => sum + n, 0);
  return table("Samples by what became of the answer", ["From first to second", "Samples", "Share"].map((text) => make("th", { scope: "col" }, text)),
    FLIPS.map((flip, place) => {
      const isChosen = state.filters.flip?.includes(flip);
      return make("tr", { class: isChosen ? "chosen" : "" },
        make("th", { scope: "row" }, make("a", { href: addressFor({ filters: filtersWith({ flip: isChosen ? null : [flip] }) }), "aria-current": isChosen && "true" }, flip)),
        make("td", {}, counts[place].toLocaleString("en")), make("td", {}, all ? percent(counts[place] / all, 1) : "–"));
    }), "flips");
}

function pairLine(row) {
  const [image, name, , , target] = line(row, 0);
  const side = (run) => make("span", { class: "said" }, make("small", {}, visible(report.runs[run].name)), " ",
    run && columns.runs[1].missing?.[row] ? make("i", {}, "no such sample") : [badge(valueOf(columns.runs[run].verdict, row)), " ", answered(row, run), make("small", {}, ` ${said(columns.runs[run].confidence[state.source]?.[row])}`)]);
  return [image, name, target, side(0), side(1), make("span", { class: "flip" }, FLIPS[flips[row]])];
}

function showCompare(main) {
  main.append(make("h2", {}, shown(report.runs[0].name), " ", make("span", {}, "against"), " ", shown(report.runs[1].name)),
    make("div", { id: "flips" }), make("p", { class: "count", id: "count" }), listBox("Samples of both runs", pairLine, "rows pairs-list"));
}

function showRun(main) {
  main.append(...report.runs.map((run) => make("section", {}, make("h2", {}, shown(run.name)),
    make("dl", { class: "pairs settings" }, run.settings
      .map(([label, value]) => [make("dt", {}, visible(label)), make("dd", {}, shown(String(value)))])))),
  make("p", { class: "quiet" }, visible(`Made by vecbench ${report.version}, ${report.made}.`)));
}
