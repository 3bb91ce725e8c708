import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';

/** What keys lead to; the help shows the same table. */
export const PLACES: { keys: string; to: string; name: string }[] = [
  { keys: 'g d', to: '/', name: 'Dashboard' },
  { keys: 'g r', to: '/runs', name: 'Runs' },
  { keys: 'g o', to: '/orders', name: 'Orders' },
  { keys: 'g s', to: '/strategies', name: 'Strategies' },
  { keys: 'g b', to: '/data', name: 'Data' },
  { keys: 'n', to: '/runs/new', name: 'New run' },
];

const SEQUENCE_MILLISECONDS = 1_200;

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName) || target.role === 'textbox')
  );
}

function focusSearch(): boolean {
  const field = document.querySelector<HTMLElement>('[data-page-search] input, input[data-page-search]');
  field?.focus();
  return field !== null;
}

/** Listen for keys while the page shows: `/` to search, two letters to go somewhere, `?` for help. */
export function useKeys(showHelp: () => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    let before = '';
    let at = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
      if (document.querySelector('[aria-modal="true"]')) return;
      const now = Date.now();
      const keys = before && now - at < SEQUENCE_MILLISECONDS ? `${before} ${event.key}` : event.key;
      before = event.key === 'g' ? 'g' : '';
      at = now;
      const place = PLACES.find((one) => one.keys === keys);
      if (place) {
        event.preventDefault();
        void navigate({ to: place.to });
      } else if (keys === '/') {
        event.preventDefault();
        if (!focusSearch()) void navigate({ to: '/runs' }).then(() => requestAnimationFrame(focusSearch));
      } else if (keys === '?') {
        showHelp();
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [navigate, showHelp]);
}
