-- owner: jobs
-- Shops' accounts on the platforms, versions of components, and how often what is cached was written.

CREATE TABLE shops (
    id uuid PRIMARY KEY,
    platform text NOT NULL,
    shop_id text NOT NULL,
    name text NOT NULL,
    enabled boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (platform, shop_id)
);

CREATE TABLE component_versions (
    id uuid PRIMARY KEY,
    component text NOT NULL,
    version text NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'deprecated')),
    notes text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (component, version)
);

CREATE TABLE cache_tags (
    tag text PRIMARY KEY,
    version bigint NOT NULL
);
