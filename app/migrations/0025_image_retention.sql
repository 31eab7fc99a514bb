-- owner: jobs.tasks.data_processing
-- When a file has last shown an image, by which old ones are dropped; and what is asked for while that is done.

ALTER TABLE product_images ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now();

CREATE INDEX IF NOT EXISTS product_images_seen ON product_images (seen_at);
CREATE INDEX IF NOT EXISTS product_images_content ON product_images (sha256);
CREATE INDEX IF NOT EXISTS product_image_owners_image ON product_image_owners (image_id);
CREATE INDEX IF NOT EXISTS file_profiles_made ON file_profiles (made_at);
