"""The example apps, by the test clients of their frameworks, on real databases."""
