"""Programs that look at files (Siegfried, ClamAV, ExifTool): run, and their outputs read."""
