from cnnrepro.claims import OwnClaim, difference

PATTERN = "INPUT -> [CONV -> RELU -> POOL]*2 -> FC"

CLAIM = OwnClaim(
    "Average pools learn digits as well as max pools.",
    arms={"max": PATTERN, "average": (PATTERN, {"pooling": "average"})},
    dataset="mnist_5k",
    epochs=3,
    train_images=1000,
    seeds=5,
    holds=difference("average", "max", "test error", same_within=1),
)
