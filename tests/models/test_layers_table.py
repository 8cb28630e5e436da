from cnnrepro.models import MODELS, build, layer_table


def test_it_accounts_for_every_parameter():
    for name in MODELS:
        model = build(name)
        assert layer_table(model)["parameters"].sum() == model.count_params()


def test_rows_are_the_layers_in_order():
    table = layer_table(build("alexnet_small"))
    assert list(table["layer"]) == [
        "conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5", "flatten", "dense6", "dense7", "logits",
    ]  # fmt: skip
    assert table["output"][1] == "13 × 13 × 96"
    assert table["kind"][0] == "Conv2D"
