// Receives the instance's webhooks, on the port that is given. It fails once for each new organization.
import { verifyWebhook } from '@clerk/backend/webhooks';
import { createServer } from 'node:http';

const failed = new Set();

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method, headers } = request;
  const event = await verifyWebhook(
    new Request('http://localhost/', { method, headers, body: Buffer.concat(chunks) }),
  ).catch(() => undefined);
  const id = headers['svix-id'];
  const fails = event?.type === 'organization.created' && !failed.has(id);
  failed.add(id);
  response.writeHead(event ? (fails ? 500 : 204) : 400).end();
}).listen(Number(process.argv[2]), '127.0.0.1');
