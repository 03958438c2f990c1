"""Buckets of an S3 store as places for bytes: requests, conditions, checksums, and what they prove.

https://docs.aws.amazon.com/AmazonS3/latest/API/. What the bytes mean is left to others.
"""
