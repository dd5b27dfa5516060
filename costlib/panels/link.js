// Tells the kernel the query that a Voilà page was opened with, and keeps the scenario in the page's address.

// JupyterLab's address is its own: there is nothing to read or to write there.
const onOwnPage = () => document.body.dataset.voila !== undefined;
// Browsers refuse more than about 100 address changes in 30 seconds.
const QUIET_MS = 400;

function linkFor(model) {
  const { origin, pathname } = window.location;
  const query = model.get("query");
  return `${origin}${pathname}${query ? `?${query}` : ""}`;
}

function writeAddress(model) {
  const kept = new URLSearchParams(window.location.search);
  for (const name of model.get("names")) kept.delete(name);
  const parts = [kept.toString(), model.get("query")].filter((part) => part);
  const { pathname, hash } = window.location;
  window.history.replaceState(null, "", pathname + (parts.length ? `?${parts.join("&")}` : "") + hash);
}

// Told when the link is drawn, not when its model is made: the page draws after it has made every model, and what the
// kernel answers before that would be lost on the models that are still missing.
function tellQuery(model) {
  const query = window.location.search;
  if (model.get("opened_with") === query) return;
  model.set("opened_with", query);
  model.save_changes();
}

function render({ model, el, signal }) {
  if (!onOwnPage()) return;
  const field = document.createElement("input");
  field.readOnly = true;
  field.className = "costlib-link";
  field.setAttribute("aria-label", "link to this scenario");
  const button = document.createElement("button");
  button.textContent = "Copy link";
  button.className = "costlib-copy";
  const show = () => { field.value = linkFor(model); };
  let waiting = null;
  const changed = () => {
    show();
    button.textContent = "Copy link";
    clearTimeout(waiting);
    waiting = setTimeout(() => writeAddress(model), QUIET_MS);
  };
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      // Without https the browser has no clipboard to give: the link stands selected instead.
      button.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
    }
  });
  model.on("change:query", changed);
  signal?.addEventListener("abort", () => {
    clearTimeout(waiting);
    model.off("change:query", changed);
  });
  show();
  el.append(field, button);
  tellQuery(model);
}

export default { render };
