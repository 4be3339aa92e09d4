// The dashboard on the recorded scene, as pictures: node dist/spec/dashboard-screenshots.js FOLDER
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { Stage } from './dashboard-stage.js';

const [folder = '.'] = process.argv.slice(2);
const wide = { width: 1440, height: 900 };
const shots = [
  { name: 'dashboard-light', colorScheme: 'light', viewport: wide },
  { name: 'dashboard-dark', colorScheme: 'dark', viewport: wide },
  { name: 'dashboard-phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
  { name: 'dashboard-wall', colorScheme: 'dark', viewport: { width: 1920, height: 1080 } },
] as const;

const stage = await Stage.set();
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  for (const { name, viewport, colorScheme } of shots) {
    const page = await browser.newPage({ viewport, colorScheme, reducedMotion: 'reduce' });
    page.on('pageerror', (error) => process.stderr.write(`${name}: ${error.stack ?? error.message}\n`));
    page.on('console', (message) => {
      if (message.type() === 'error') process.stderr.write(`${name}: ${message.text()}\n`);
    });
    await page.goto(stage.monitor.url);
    if (name !== 'dashboard-phone') await page.locator('#window label').last().click();
    await page.waitForTimeout(3500);
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: name !== 'dashboard-wall' });
    await page.close();
  }
} finally {
  await browser.close();
  await stage.strike();
}
