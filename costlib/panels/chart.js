// Draws the figure that the state model holds, and draws it again whenever it changes or the room for it does.

function slot(version) {
  // The same slot as in plotly_library.js: whichever of the two scripts comes first makes it.
  const name = `costlib plotly ${version}`;
  if (!globalThis[name]) {
    const made = { started: false };
    made.ready = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
    made.ready.catch(() => {});
    globalThis[name] = made;
  }
  return globalThis[name];
}

// Dollar signs are money here, not mathematics: "$3 ($2 – $5)" would be typeset, or vanish.
const CONFIG = { typesetMath: false, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] };
const HEIGHT_PX = 360;

async function draw_in(box, model, signal) {
  const state = await model.widget_manager.get_model(model.get("_state").replace("IPY_MODEL_", ""));
  const Plotly = await slot(model.get("_version")).ready;
  if (signal.aborted) return;
  let drawn = null;
  let width = 0;

  function draw() {
    const wanted = state.get("figure_json");
    // Without room (a tab that is not open) nothing is drawn; the observer draws when it opens.
    if (box.clientWidth === 0 || wanted === drawn) return;
    const { data, layout } = JSON.parse(wanted);
    const first = drawn === null;
    box.style.height = `${layout.height ?? HEIGHT_PX}px`;
    width = box.clientWidth;
    // A constant uirevision keeps the reader's zoom and hidden traces when the numbers move; of a chart that was drawn
    // while it was empty there is nothing to keep, and its bare axes would stay.
    const uirevision = data.length === 0 ? "empty" : "kept";
    Plotly.react(box, data, { uirevision, autosize: true, ...layout }, CONFIG);
    drawn = wanted;
    box.setAttribute("aria-label", layout.title?.text ?? "chart");
    if (first) {
      box.on("plotly_click", ({ points: [clicked] }) => {
        model.send({ trace: clicked.curveNumber, point: clicked.pointNumber });
      });
    }
  }

  const observer = new ResizeObserver(() => {
    if (state.get("figure_json") !== drawn) draw();
    else if (box.clientWidth > 0 && box.clientWidth !== width) {
      width = box.clientWidth;
      Plotly.Plots.resize(box);
    }
  });
  observer.observe(box);
  state.on("change:figure_json", draw);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    state.off("change:figure_json", draw);
    Plotly.purge(box);
  });
  draw();
}

function render({ model, el, signal }) {
  const box = document.createElement("div");
  box.className = "costlib-chart";
  box.style.cssText = `width: 100%; height: ${HEIGHT_PX}px;`;
  box.setAttribute("role", "figure");
  el.appendChild(box);
  draw_in(box, model, signal).catch((error) => {
    box.textContent = `This chart could not be drawn: ${error.message}`;
    throw error;
  });
}

export default { render };
