"""Networks on clips of the outlined vessel (PyTorch, the plugin's extra `torch`): what they share, and one module each."""
