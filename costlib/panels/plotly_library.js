// Starts the plotly.js that the model carries, once in a page, and hands it to every chart that waits for it.
// Nothing here may be awaited: anywidget gives a model two seconds to initialise and is deaf to it afterwards.

function slot(version) {
  const name = `costlib plotly ${version}`;
  if (!globalThis[name]) {
    const made = { started: false };
    made.ready = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
    made.ready.catch(() => {}); // each chart says it where it stands
    globalThis[name] = made;
  }
  return globalThis[name];
}

async function load(packed) {
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const source = await new Response(unpacked).text();
  // plotly.js would otherwise hand itself to the page's require.js, where it has one.
  const parts = ["const module = { exports: {} }, exports = module.exports, define = undefined;\n", source,
    "\nexport default module.exports;"];
  const url = URL.createObjectURL(new Blob(parts, { type: "text/javascript" }));
  try {
    return (await import(url)).default;
  } finally {
    URL.revokeObjectURL(url);
  }
}

function initialize({ model }) {
  const shared = slot(model.get("_version"));
  if (shared.started) return;
  shared.started = true;
  load(model.get("_packed")).then(shared.resolve, shared.reject);
}

export default { initialize };
