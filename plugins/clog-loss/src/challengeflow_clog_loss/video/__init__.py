"""Looking at one video: decoding, the outlined region, the vessel's centreline, its kymograph."""
