// fauxqs on loopback only; its own command line binds every interface.
// usage: node fauxqs.mjs NPM-FOLDER PORT
import { pathToFileURL } from "node:url";

const [folder, port] = process.argv.slice(2);
const entry = pathToFileURL(`${folder}/node_modules/fauxqs/dist/app.js`);
const { buildApp } = await import(entry);
const app = buildApp({ logger: false, defaultRegion: "us-east-1" });

process.on("SIGTERM", () => app.close().then(() => process.exit(0)));
await app.listen({ host: "127.0.0.1", port: Number(port) });
