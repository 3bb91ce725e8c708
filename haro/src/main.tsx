import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './app/global.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { createQueryClient } from './app/queryClient';
import { createAppRouter } from './app/routes';

const place = document.getElementById('root');
if (!place) throw new Error('index.html has no element #root.');
createRoot(place).render(
  <StrictMode>
    <App router={createAppRouter()} queries={createQueryClient()} />
  </StrictMode>,
);
