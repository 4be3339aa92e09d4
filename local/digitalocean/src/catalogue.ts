/** What this cloud sells. */
export interface Size {
  slug: string;
  memory: number;
  vcpus: number;
  disk: number;
  transfer: number;
  price_monthly: number;
  price_hourly: number;
  regions: string[];
  available: boolean;
  description: string;
}

export interface Region {
  slug: string;
  name: string;
  features: string[];
  available: boolean;
  sizes: string[];
}

const regionNames: Record<string, string> = {
  nyc1: 'New York 1',
  nyc3: 'New York 3',
  ams3: 'Amsterdam 3',
  fra1: 'Frankfurt 1',
  sgp1: 'Singapore 1',
};

/** slug, memory (MiB), CPUs, disk (GiB), transfer (TB), price a month (USD) */
const offers: readonly [string, number, number, number, number, number][] = [
  ['s-1vcpu-512mb-10gb', 512, 1, 10, 0.5, 4],
  ['s-1vcpu-1gb', 1024, 1, 25, 1, 6],
  ['s-1vcpu-2gb', 2048, 1, 50, 2, 12],
  ['s-2vcpu-2gb', 2048, 2, 60, 3, 18],
  ['s-2vcpu-4gb', 4096, 2, 80, 4, 24],
];

const hoursInMonth = 672;

export const sizes: readonly Size[] = offers.map(([slug, memory, vcpus, disk, transfer, price]) => ({
  ...{ slug, memory, vcpus, disk, transfer, price_monthly: price },
  price_hourly: Math.round((price / hoursInMonth) * 1e5) / 1e5,
  regions: Object.keys(regionNames),
  available: true,
  description: 'Basic',
}));

export const regions: readonly Region[] = Object.entries(regionNames).map(([slug, name]) => ({
  slug,
  name,
  features: ['metadata'],
  available: true,
  sizes: sizes.map((size) => size.slug),
}));

/** The one image of the catalogue; snapshots join it. */
export const debian = {
  id: 1,
  name: '12 x64',
  distribution: 'Debian',
  slug: 'debian-12-x64',
  public: true,
  regions: Object.keys(regionNames),
  created_at: '2023-06-10T00:00:00Z',
  type: 'base',
  min_disk_size: 1,
  size_gigabytes: 0.4,
  description: 'Debian 12 x64',
  tags: [] as string[],
  status: 'available',
  error_message: '',
};

export type Image = Omit<typeof debian, 'slug'> & { slug: string | null };
