import { render } from 'preact';
import { App } from './app.tsx';
import { startLive } from './data/live.ts';
import { restoreTheme } from './theme.ts';

restoreTheme();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
void startLive();
