"""The node image of the local cluster, made from packages where the public one is not to be had.

``files`` puts the root folder together, ``archives`` makes the control plane's images, ``build`` imports both.
"""
