import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouterHistory,
} from '@tanstack/react-router';
import { compareSearch } from '@/features/compare/search';
import { dataSearch } from '@/features/data/search';
import { orderSearch } from '@/features/orders/search';
import { newRunSearch, runFilters, runSearch } from '@/features/runs/search';
import { strategySearch } from '@/features/strategies/search';
import { parseSearch, stringifySearch, textFrom } from '@/lib/search';
import { Frame } from './Frame';
import { PageError } from './PageError';
import { LoginPage } from './pages/LoginPage';
import { NotFoundPage } from './pages/NotFoundPage';

const root = createRootRoute({ component: Frame, notFoundComponent: NotFoundPage, errorComponent: PageError });

const routes = [
  createRoute({
    getParentRoute: () => root,
    path: '/',
    component: lazyRouteComponent(() => import('./pages/DashboardPage'), 'DashboardPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/orders',
    validateSearch: orderSearch,
    component: lazyRouteComponent(() => import('./pages/OrdersPage'), 'OrdersPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/strategies',
    validateSearch: strategySearch,
    component: lazyRouteComponent(() => import('./pages/StrategiesPage'), 'StrategiesPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/data',
    validateSearch: dataSearch,
    component: lazyRouteComponent(() => import('./pages/DataPage'), 'DataPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/login',
    validateSearch: (raw) => ({ to: textFrom(raw.to) }),
    component: LoginPage,
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/runs',
    validateSearch: runFilters,
    component: lazyRouteComponent(() => import('./pages/RunsPage'), 'RunsPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/runs/new',
    validateSearch: newRunSearch,
    component: lazyRouteComponent(() => import('./pages/NewRunPage'), 'NewRunPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/runs/$runId',
    validateSearch: runSearch,
    component: lazyRouteComponent(() => import('./pages/RunPage'), 'RunPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/compare',
    validateSearch: compareSearch,
    component: lazyRouteComponent(() => import('./pages/ComparePage'), 'ComparePage'),
  }),
] as const;

export function createAppRouter(history?: RouterHistory) {
  return createRouter({
    routeTree: root.addChildren(routes),
    history,
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    defaultErrorComponent: PageError,
    scrollRestoration: true,
  });
}

export type Router = ReturnType<typeof createAppRouter>;

declare module '@tanstack/react-router' {
  interface Register {
    router: Router;
  }
}
