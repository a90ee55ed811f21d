"""The network of temporal-gru: gated recurrent units, in both directions unless causal.

After Cho et al. (2014), Learning Phrase Representations using RNN Encoder-Decoder (EMNLP).
"""

from torch import Tensor, nn


class Memory(nn.Module):
    """Inputs (B, F, S) -> states (B, `width`, S)."""

    def __init__(self, inputs: int, channels: int, layers: int, dropout: float, causal: bool):
        super().__init__()
        self.width = channels * (1 if causal else 2)
        self.narrow = nn.Sequential(nn.Conv1d(inputs, channels, 1), nn.GELU())
        between = dropout if layers > 1 else 0.0
        self.units = nn.GRU(channels, channels, layers, batch_first=True, dropout=between, bidirectional=not causal)

    def forward(self, x: Tensor) -> Tensor:
        return self.units(self.narrow(x).transpose(1, 2))[0].transpose(1, 2)


class TemporalGruNet(nn.Module):
    """Inputs (B, F, S) -> a list with the class logits (B, K, S).

    `trunk`: inputs to states (B, `width`, S), which `head` answers from.
    """

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
        self.trunk = Memory(inputs, channels, layers, dropout, causal)
        self.width = self.trunk.width
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Conv1d(self.width, classes, 1))

    def forward(self, x: Tensor) -> list[Tensor]:
        return [self.head(self.trunk(self.input_dropout(x)))]
