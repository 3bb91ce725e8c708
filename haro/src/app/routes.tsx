import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouterHistory,
  redirect,
} from '@tanstack/react-router';
import { compareSearch } from '@/features/results/search';
import { newRunSearch, runFilters, runSearch } from '@/features/runs/search';
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
    beforeLoad: () => {
      throw redirect({ to: '/runs' });
    },
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
