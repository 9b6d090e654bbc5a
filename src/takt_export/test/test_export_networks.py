"""Rebuilt layers against PyTorch's own."""

import pytest

torch = pytest.importorskip("torch")

from takt_export.networks.act import ActConfig, _Layer, sine_places  # noqa: E402
from takt_export.networks.images import CentreCrop, Resize, SpatialSoftmax  # noqa: E402
from takt_export.networks.resnet import ResNet  # noqa: E402


@pytest.mark.parametrize("pre_norm", [False, True])
def test_without_places_a_layer_is_the_usual_encoder_layer(pre_norm):
    config = ActConfig(1, 1, 1, 0, 0, "resnet18", 8, 2, 16, 1, 1, 2, pre_norm, "relu")
    torch.manual_seed(0)
    usual = torch.nn.TransformerEncoderLayer(
        8, 2, 16, dropout=0.0, batch_first=True, norm_first=pre_norm
    ).eval()
    ours = _Layer(config, cross=False).eval()
    ours.load_state_dict(usual.state_dict())
    x = torch.randn(3, 5, 8)
    torch.testing.assert_close(ours(x, torch.zeros(5, 8), None, None), usual(x))


@pytest.mark.parametrize("pre_norm", [False, True])
def test_without_places_a_layer_is_the_usual_decoder_layer(pre_norm):
    config = ActConfig(1, 1, 1, 0, 0, "resnet18", 8, 2, 16, 1, 1, 2, pre_norm, "gelu")
    torch.manual_seed(0)
    usual = torch.nn.TransformerDecoderLayer(
        8, 2, 16, dropout=0.0, activation="gelu", batch_first=True, norm_first=pre_norm
    ).eval()
    ours = _Layer(config, cross=True).eval()
    ours.load_state_dict(usual.state_dict())
    x, memory, none = torch.randn(3, 5, 8), torch.randn(3, 7, 8), torch.zeros(7, 8)
    torch.testing.assert_close(ours(x, none[:5], memory, none), usual(x, memory))


def test_spatial_softmax_finds_a_peak():
    pool = SpatialSoftmax(1, (5, 9), 1)
    torch.nn.init.ones_(pool.nets.weight)
    torch.nn.init.zeros_(pool.nets.bias)
    features = torch.zeros(1, 1, 5, 9)
    features[0, 0, 4, 2] = 100.0
    torch.testing.assert_close(pool(features), torch.tensor([[-0.5, 1.0]]))


def test_resizing_is_that_of_pytorch():
    images = torch.rand(2, 3, 20, 31)
    wanted = torch.nn.functional.interpolate(
        images, (9, 14), mode="bilinear", align_corners=False, antialias=True
    )
    torch.testing.assert_close(Resize((20, 31), (9, 14))(images), wanted, atol=1e-6, rtol=0)


def test_the_middle_of_an_image():
    image = torch.arange(30.0).reshape(1, 1, 5, 6)
    assert CentreCrop((5, 6), (3, 2))(image).flatten().tolist() == [8, 9, 14, 15, 20, 21]


def test_places_differ_and_are_sines():
    places = sine_places(3, 4, 16)
    assert places.shape == (12, 16)
    assert len(torch.unique(places, dim=0)) == 12
    squares = places.reshape(12, 8, 2).pow(2).sum(-1)
    assert squares.shape == (12, 8)
    torch.testing.assert_close(squares, torch.ones(12, 8), atol=1e-5, rtol=0)


def test_a_residual_network_has_the_usual_names_and_sizes():
    network = ResNet("resnet18", "group")
    names = network.state_dict()
    assert names["layer4.0.downsample.0.weight"].shape == (512, 256, 1, 1)
    assert sum(value.numel() for value in names.values()) == 11_176_512
    assert network.map_size(40, 65) == (2, 3)
