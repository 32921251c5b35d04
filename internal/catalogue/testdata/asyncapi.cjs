// Has AsyncAPI's own parser read a document and all that it refers to.
const { Parser, fromFile } = require("@asyncapi/parser");

fromFile(new Parser(), process.argv[2]).parse().then(({ document, diagnostics }) => {
  const wrong = diagnostics.filter((d) => d.severity < 2); // errors and warnings
  wrong.forEach((d) => console.error(d.path.join("."), d.message));
  if (!document || wrong.length > 0) process.exit(1);
  console.log(`${document.channels().all().length} channels, ${document.operations().all().length} operations`);
});
