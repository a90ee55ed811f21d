"""The network of temporal-gru: gated recurrent units, in both directions unless causal.

After Cho et al. (2014), Learning Phrase Representations using RNN Encoder-Decoder (EMNLP).
"""

from torch import Tensor, nn


class TemporalGruNet(nn.Module):
    """Inputs (B, F, S) -> a list with the class logits (B, K, S)."""

    def __init__(
        self,
        inputs: int,
        classes: int,
        *,
        channels: int,
        layers: int,
        dropout: float,
        input_dropout: float,
        causal: bool,
    ):
        super().__init__()
        self.input_dropout = nn.Dropout1d(input_dropout)  # whole features, so that no single one is relied on
        self.narrow = nn.Sequential(nn.Conv1d(inputs, channels, 1), nn.GELU())
        between = dropout if layers > 1 else 0.0
        self.memory = nn.GRU(channels, channels, layers, batch_first=True, dropout=between, bidirectional=not causal)
        self.answer = nn.Sequential(nn.Dropout(dropout), nn.Linear(channels * (1 if causal else 2), classes))

    def forward(self, x: Tensor) -> list[Tensor]:
        states, _ = self.memory(self.narrow(self.input_dropout(x)).transpose(1, 2))
        return [self.answer(states).transpose(1, 2)]
