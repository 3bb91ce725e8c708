import { Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { session } from '@/api/session';
import { useStore } from '@/lib/store';
import { LiveProvider } from './LiveProvider';
import { Shell } from './Shell';

/** The sign-in page alone, or the shell around any other; whom the server turns away is led to the former, and back. */
export function Frame() {
  const { isOut } = useStore(session);
  const location = useLocation();
  const navigate = useNavigate();
  const isLogin = location.pathname === '/login';
  useEffect(() => {
    if (isOut && !isLogin) void navigate({ to: '/login', search: { to: location.href }, replace: true });
  }, [isOut, isLogin, location.href, navigate]);
  if (isLogin) return <Outlet />;
  return (
    <LiveProvider>
      <Shell />
    </LiveProvider>
  );
}
