import { Router } from 'express';
import { regions, sizes } from '../catalogue.js';
import type { Cloud } from '../cloud.js';
import { page } from '../paging.js';
import { dropletLimit } from './droplets.js';

/** What does not change: the account, and what it can buy. */
export function accountRoutes({ store, network }: Cloud): Router {
  const router = Router();
  router.get('/account', (_request, response) => {
    response.json({
      account: {
        droplet_limit: dropletLimit,
        floating_ip_limit: 0,
        email: 'coalmine@localhost',
        name: 'Coalmine',
        uuid: store.state.vpcId.replaceAll('-', ''),
        email_verified: true,
        status: 'active',
        status_message: '',
      },
    });
  });
  router.get('/sizes', (request, response) => {
    response.json(page(request, 'sizes', sizes));
  });
  router.get('/regions', (request, response) => {
    response.json(page(request, 'regions', regions));
  });
  router.get('/vpcs', (request, response) => {
    const vpc = {
      ...{ id: store.state.vpcId, urn: `do:vpc:${store.state.vpcId}`, name: 'default-nyc3', description: '' },
      ...{
        region: 'nyc3',
        ip_range: `${network.prefix}.1.0/24`,
        default: true,
        created_at: '2023-06-10T00:00:00Z',
      },
    };
    response.json(page(request, 'vpcs', [vpc]));
  });
  return router;
}
