import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A job that queues and ends builds at once, as much as the controller needs of a Jenkins. */
export class FakeJenkins {
  /** What was asked for, in order. */
  readonly asked: Record<string, string>[] = [];
  result: string | null = 'SUCCESS';
  /** What the job's own page lists. */
  builds: unknown[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://jenkins');
      const json = (value: unknown) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(value));
      };
      if (request.headers.authorization !== `Basic ${btoa('coalmine:secret')}`) {
        response.writeHead(401).end();
      } else if (request.method === 'POST' && pathname === '/job/shop/buildWithParameters') {
        let body = '';
        request.on('data', (data: Buffer) => (body += data.toString()));
        request.on('end', () => {
          this.asked.push(Object.fromEntries(new URLSearchParams(body)));
          response.writeHead(201, { location: `${this.url}/queue/item/${this.asked.length}/` }).end();
        });
      } else if (pathname.startsWith('/queue/item/')) {
        json({ executable: { number: Number(pathname.split('/')[3]) } });
      } else if (pathname === '/job/shop/api/json') {
        json({ builds: this.builds });
      } else {
        json({ number: Number(pathname.split('/')[3]), result: this.result });
      }
    });
  }

  static async start(): Promise<FakeJenkins> {
    const jenkins = new FakeJenkins();
    await new Promise<void>((resolve) => jenkins.server.listen(0, '127.0.0.1', resolve));
    return jenkins;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get settings(): Record<string, string> {
    return {
      JENKINS_URL: this.url,
      JENKINS_USER: 'coalmine',
      JENKINS_TOKEN: 'secret',
      JENKINS_JOB: 'shop',
    };
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
