-- owner: jobs.tasks.data_processing
-- Product images, whose bytes are on disk under the hash of their content, who may see them, and profiles of files.

CREATE TABLE product_images (
    id uuid PRIMARY KEY,
    platform text NOT NULL,
    shop_id text NOT NULL,
    sku text NOT NULL,
    -- Of the picture as it is in the file.
    sha256 text NOT NULL,
    -- Of the JPEG that was made of it.
    width integer NOT NULL,
    height integer NOT NULL,
    bytes integer NOT NULL,
    is_main boolean NOT NULL,
    position integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (platform, shop_id, sku, sha256)
);

CREATE UNIQUE INDEX product_images_main ON product_images (platform, shop_id, sku) WHERE is_main;

-- Whoever has a file with the image in it; `file_id` is the latest of those.
CREATE TABLE product_image_owners (
    owner text NOT NULL,
    image_id uuid NOT NULL REFERENCES product_images,
    file_id uuid NOT NULL REFERENCES files,
    PRIMARY KEY (owner, image_id)
);

CREATE TABLE file_profiles (
    file_id uuid PRIMARY KEY REFERENCES files,
    profile jsonb NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
