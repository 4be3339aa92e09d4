// The canary proxy as it is usually begun: http-proxy, a target per request; with `agent`, connections are kept.
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';

const [port, backend, kept] = process.argv.slice(2);
const proxy = httpProxy.createProxyServer(
  kept ? { agent: new Agent({ keepAlive: true, maxSockets: 256 }) } : {},
);
proxy.on('error', (_error, _request, response) => response.destroy());
createServer((request, response) => {
  const target = `http://127.0.0.1:${backend}`;
  proxy.web(request, response, { target });
}).listen(Number(port), '127.0.0.1');
