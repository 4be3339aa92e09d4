import { Router } from 'express';
import type { ApiContext } from '../api/context.js';

export function pageRoutes(_context: ApiContext): Router {
  return Router();
}
