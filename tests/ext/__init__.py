"""Tests of what tells others how a store is doing, and of frameworks."""
