"""The store: artifacts, measurements and memos that are kept between runs."""
