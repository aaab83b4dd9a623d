"""Local Kubernetes clusters by kind: made, filled with our images, given a platform, and removed by name."""
