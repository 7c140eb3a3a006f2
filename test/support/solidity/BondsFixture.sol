// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {AztecRollupView} from "../../../contracts/aztec/AztecRollupView.sol";
import {EpochBonds} from "../../../contracts/aztec/EpochBonds.sol";
import {EpochRelay} from "../../../contracts/aztec/EpochRelay.sol";
import {IAztecRollup} from "../../../contracts/aztec/IAztecRollup.sol";
import {IEpochBonds} from "../../../contracts/aztec/IEpochBonds.sol";
import {IRollupView} from "../../../contracts/aztec/IRollupView.sol";
import {FakeRollup} from "./FakeRollup.sol";
import {Test} from "./Test.sol";

/// @title Some token
contract SomeToken is ERC20("Some token", "SOME") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @title A rollup of which two epochs have two checkpoints each, bonds on it, a proposer with money
abstract contract BondsFixture is Test {
    uint256 internal constant DELAY = 144;
    uint256 internal constant LEAST = 10 ether;
    uint256 internal constant FUNDS = 100 ether;
    uint256 internal constant PROPOSER_KEY = 0xa11ce;

    FakeRollup internal rollup;
    SomeToken internal token;
    EpochBonds internal bonds;
    EpochRelay internal relay;
    address internal proposer;
    address internal prover;
    address internal proverId;
    address internal stranger;

    function setUp() public virtual {
        warp(1_800_000_000);
        rollup = new FakeRollup();
        token = new SomeToken();
        bonds = new EpochBonds(new AztecRollupView(rollup), token, DELAY, LEAST);
        relay = new EpochRelay(rollup, bonds);
        proposer = vm.addr(PROPOSER_KEY);
        prover = account("prover");
        proverId = account("identity of the prover");
        stranger = account("stranger");
        fund(proposer, FUNDS);
        for (uint256 slot; slot < 8; ++slot) {
            rollup.setProposer(slot, proposer);
            if (slot % 4 < 2) {
                toSlot(slot);
                rollup.propose(bytes32(slot + 1));
            }
        }
        toSlot(4);
    }

    function fund(address owner, uint256 amount) internal {
        token.mint(address(this), amount);
        token.approve(address(bonds), amount);
        bonds.deposit(owner, uint128(amount));
    }

    /// @dev The first second of a slot.
    function toSlot(uint256 slot) internal {
        warp(rollup.getTimestampForSlot(slot));
    }

    /// @dev From when on nobody can prove the first epoch.
    function deadline() internal view returns (uint256 timestamp) {
        return rollup.getTimestampForEpoch(2);
    }

    /// @dev The first epoch: two checkpoints.
    function aSpan() internal pure returns (IRollupView.Span memory span) {
        return IRollupView.Span({epoch: 0, first: 1, last: 2, archive: bytes32(uint256(2))});
    }

    function aBond() internal view returns (IEpochBonds.Bond memory bond) {
        return
            IEpochBonds.Bond({
                proposer: proposer,
                prover: prover,
                proverId: proverId,
                slot: 1,
                span: aSpan(),
                deposit: 20 ether,
                tip: 3 ether,
                bounty: 1 ether
            });
    }

    function open(IEpochBonds.Bond memory bond) internal returns (bytes32 id) {
        vm.prank(bond.proposer);
        return bonds.open(bond, "");
    }

    function opened() internal returns (IEpochBonds.Bond memory bond) {
        bond = aBond();
        open(bond);
    }

    function proofBy(address id) internal pure returns (IAztecRollup.SubmitEpochRootProofArgs memory proof) {
        proof.start = 1;
        proof.end = 2;
        proof.args.proverId = id;
    }

    function prove(address id) internal {
        rollup.submitEpochRootProof(proofBy(id));
    }

    function settle(IEpochBonds.Bond memory bond) internal returns (IEpochBonds.State state) {
        return bonds.settle(bond, stranger);
    }

    function stateOf(IEpochBonds.Bond memory bond) internal view returns (IEpochBonds.State state) {
        (state, ) = bonds.bonds(bonds.idOf(bond));
    }

    function balanceOf(address owner) internal view returns (uint256 balance) {
        (balance, , ) = bonds.accounts(owner);
    }

    function sign(IEpochBonds.Bond memory bond, uint256 key) internal view returns (bytes memory signature) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, bonds.idOf(bond));
        return abi.encodePacked(r, s, v);
    }

    function assertEq(IEpochBonds.State left, IEpochBonds.State right, string memory message) internal pure {
        assertEq(uint256(left), uint256(right), message);
    }

    /// @dev What is owed is what is there; also checked by everything that ends a test with it.
    function assertBooks() internal view {
        uint256 owed = balanceOf(proposer) + balanceOf(prover) + balanceOf(stranger) + bonds.locked() + bonds.burning();
        assertEq(token.balanceOf(address(bonds)), owed, "books");
    }
}
