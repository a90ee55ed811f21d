"""Networks on clips of the outlined vessel (PyTorch, the extra `torch`): what they share, and one module each."""
