// Shows the HTML that the state model holds. A click (or Enter) on an element with data-click sends its value.

async function show_in(box, model, signal) {
  const state = await model.widget_manager.get_model(model.get("_state").replace("IPY_MODEL_", ""));
  if (signal.aborted) return;
  const show = () => {
    // The keyboard stays where it is when the content moves.
    const focused = box.contains(document.activeElement) ? document.activeElement.dataset.click : undefined;
    const { scrollTop, scrollLeft } = box;
    box.innerHTML = state.get("html");
    box.scrollTop = scrollTop;
    box.scrollLeft = scrollLeft;
    if (focused !== undefined) box.querySelector(`[data-click="${CSS.escape(focused)}"]`)?.focus();
  };
  const send = (event) => {
    const clicked = event.target.closest("[data-click]");
    if (clicked && box.contains(clicked)) model.send({ clicked: clicked.dataset.click });
  };
  box.addEventListener("click", send, { signal });
  box.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" || event.key === " ") {
        if (event.target.closest("[data-click]")) event.preventDefault();
        send(event);
      }
      // JupyterLab must not take the keys of a table for its own shortcuts.
      event.stopPropagation();
    },
    { signal },
  );
  state.on("change:html", show);
  signal.addEventListener("abort", () => state.off("change:html", show));
  show();
}

function render({ model, el, signal }) {
  const box = document.createElement("div");
  box.className = "costlib-clickable";
  el.appendChild(box);
  show_in(box, model, signal);
}

export default { render };
