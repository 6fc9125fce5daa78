mod stacks;
mod stacks_agree;
