import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

const BINARY = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const RULES = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'];

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

/** Every page is checked in each width and each color scheme. */
const VIEWS = (['dark', 'light'] as const).flatMap((colorScheme) =>
  Object.entries(SIZES).map(([name, size]) => ({ name: `${name}-${colorScheme}`, size, colorScheme })),
);

/** True if Chromium is installed. */
export function hasChromium(): boolean {
  try {
    accessSync(BINARY, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: BINARY, headless: true, args: FLAGS });

/** Directory of the screenshots. */
const PICTURES = join(tmpdir(), 'gateway-pages');

/** Violations that axe finds on a page, in words. */
async function axeComplaints(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    // Takes half the time, and leaves out only frames, which no page has.
    .setLegacyMode()
    .withTags(RULES)
    .analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

/** Checks a page with axe and for overflow, and takes screenshots. Afterwards the page is as wide as a desktop, in light colors. */
export async function look(page: Page, name: string): Promise<void> {
  for (const view of VIEWS) {
    await page.setViewportSize(view.size);
    await page.emulateMedia({ colorScheme: view.colorScheme });
    await page.screenshot({ path: join(PICTURES, `${name}-${view.name}.png`), fullPage: true });
    expect(await axeComplaints(page), name).toEqual([]);
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await page.evaluate(overflow), name).toBe(0);
  }
}

/** Signs in with a passphrase on the page that asks for it. */
export async function signIn(page: Page, passphrase: string): Promise<void> {
  await page.getByLabel('Owner passphrase').fill(passphrase);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
